export { formatTimestampAnnotation, parseTimestampAnnotation } from './annotation.ts';
export {
  appendChecksums,
  type BlockSum,
  CHECKSUM_BLOCK_BYTES,
  type ChecksumTable,
  checksummedNameOf,
  checksumNameOf,
  readChecksums,
  removeChecksums,
  removeChecksumsInBackground,
  renameChecksums,
} from './checksum-file.ts';
export { type ChecksumMismatch, ChecksumVerifier } from './checksum-verifier.ts';
export { cutLogFile } from './cut-log-file.ts';
export { type AofLayout, type DetectedLayout, detectLayout, type LayoutOptions } from './detect-layout.ts';
export {
  AofError,
  type AofErrorDetails,
  LayoutError,
  type LayoutErrorCode,
  ManifestError,
  type ManifestErrorCode,
} from './errors.ts';
export { CLAIMS_FILE, type Claim, claimHash, claimingSocket, claimName, claimsIn } from './file-claim.ts';
export { type FileKind, fileKindOf, readFileKind } from './file-kind.ts';
export { type AofLocation, AofNames, type BaseFormat } from './file-names.ts';
export type { AofFile, AppendOptions, HistoryDeletion, LayoutKind, OpenedLog } from './layout.ts';
export {
  EMPTY_MANIFEST,
  listsNoLog,
  liveFiles,
  type Manifest,
  type ManifestFile,
  withIncrsAsHistory,
  withNextBase,
  withNextIncr,
  withoutHistory,
} from './manifest.ts';
export { persistManifest, readManifest, writeWhole } from './manifest-file.ts';
export { formatManifest, parseManifest } from './manifest-text.ts';
export { MultiPartLayout, type StagedManifest } from './multi-part-layout.ts';
export { formatFaultLine, type RecordFault, type RecordFaultCode } from './record-fault.ts';
export {
  ANNOTATION,
  AofRecordReader,
  END,
  FORMAT_ERROR,
  NEED_MORE,
  RECORD,
  type ReadStatus,
  type RecordReaderOptions,
  type RecordView,
  TRUNCATED,
} from './record-reader.ts';
export { SingleLayout } from './single-layout.ts';
export { listTempFiles, removeTempFiles } from './temp-files.ts';
export { VouchedFile, type VouchingOptions } from './vouched-file.ts';
