/** Options about BACKUP, which Redis has since 8.10. */

import { LONG_MAX } from '../integers.ts';
import { integer, path } from '../kinds.ts';
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
  'backup-sealed-ttl': option(
    integer(0, LONG_MAX),
    0,
    `Remove a finished backup from backupdirname so long after it was sealed, as BACKUP CLEANUP does: whoever wanted it has
    copied it elsewhere by then. 0 keeps it.`,
    { unit: 'seconds', origin: 'redis-8.10' },
  ),
};
