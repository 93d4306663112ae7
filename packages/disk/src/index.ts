export { type Disk, DiskError, type DiskFile, type FileStatus, type OpenMode } from './disk.ts';
