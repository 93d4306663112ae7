export { type Disk, DiskError, type DiskFile, type FileStatus, type OpenMode } from './disk.ts';
export { NodeDisk } from './node-disk.ts';
export { type CrashMoment, type PendingSync, SimCrash, SimDisk } from './sim-disk.ts';
export type { Fault, FaultyOperation } from './sim-faults.ts';
export type { CrashMode } from './sim-file.ts';
