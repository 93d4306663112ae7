/** What checksum files say about a log, before a server compares them and refuses to start. */
import type { Disk } from '@aof/disk';
import type { FoundLog } from '@aof/log-reader';
import type { DoctorFinding } from './doctor-finding.ts';
import { plural } from './findings.ts';
import { compareChecksums } from './vouched-check.ts';

/** Nothing is said of files that have no checksum file. @throws DiskError */
export async function examineVouching(disk: Disk, log: FoundLog): Promise<DoctorFinding[]> {
  const findings: DoctorFinding[] = [];
  for (const { name, path } of log.files) {
    const handle = disk.open(path, 'read');
    try {
      const found = await compareChecksums(disk, path, handle);
      if (found === undefined) continue;
      const { coveredBytes, mismatches, mismatchCount, missingBytes } = found;
      if (mismatchCount === 0 && missingBytes === 0) {
        const text = `${name}: checksums vouch for ${coveredBytes} of ${handle.size()} bytes, and all of those match.`;
        findings.push({ level: 'ok', code: 'checksums', text });
        continue;
      }
      const [first] = mismatches;
      const what =
        first === undefined
          ? `${plural(missingBytes, 'byte')} at its end, written and synced, are missing`
          : `${plural(mismatchCount, 'block')} of 64 KiB not as written, the first at offset ${first.start}`;
      const text = `${name}: ${what}. This server does not start from it; others do not notice.`;
      const advice = `check-aof --strict shows the commands in question. Restore ${name} from a backup, or accept it as it is: check-aof repair.`;
      findings.push({ level: 'problem', code: 'checksums', text, advice });
    } finally {
      handle.close();
    }
  }
  return findings;
}
