/** Options about BACKUP, which Redis has since 8.10. */

import { LONG_MAX } from '../integers.ts';
import { integer, oneOf, path } from '../kinds.ts';
import { option } from '../option.ts';

export const backup = {
  backupdirname: option(
    path((name) => {
      if (name === '') return "backupdirname can't be empty";
      return name.includes('/') ? "backupdirname can't be a path, just a dirname" : undefined;
    }),
    'backupdir',
    `Folder inside dir that BACKUP puts its copies of the append only file in. It must be empty when a backup begins.`,
    { immutable: true, origin: 'redis-8.10' },
  ),
  'backup-verify': option(
    oneOf(['auto', 'load', 'read']),
    'auto',
    `How a backup is verified before it is sealed. load: it is loaded as at a start, into a data set beside the one that is
    served, which takes as much memory again for that time. read: its files are read to the last byte, their checksums
    compared and each command looked up, but none is run. auto: load where the memory allows it, else read.`,
    { origin: 'aof' },
  ),
  'backup-sealed-ttl': option(
    integer(0, LONG_MAX),
    0,
    `Remove a finished backup from backupdirname so long after it was sealed, as BACKUP CLEANUP does: whoever wanted it has
    copied it elsewhere by then. 0 keeps it.`,
    { unit: 'seconds', origin: 'redis-8.10' },
  ),
};
