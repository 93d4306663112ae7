/**
 * Finds records in bytes that no longer hold together: where one begins that is whole, names a known command and has the
 * right number of arguments. From there on records follow without a gap as long as they do.
 *
 * It guesses: bytes of a value may look like a record. Good for saying what damage costs.
 */
import { ANNOTATION, AofRecordReader, END, NEED_MORE, RECORD } from '@aof/aof-files';
import { ALL_COMMANDS, CommandTable, keyPositions } from '@aof/commands';
import type { DiskFile } from '@aof/disk';
import { Request } from '@aof/resp-codec';
import { fileChunks } from './file-chunks.ts';
import { isModuleCommand, knownElsewhere } from './known-commands.ts';

const STAR = 42;
/** Search for beginnings in pieces of this size. */
const SEARCH_BYTES = 256 * 1024;
/** Bytes behind a beginning that its two headers may take. */
const HEADERS_BYTES = 64;
const HEADERS = /^\*[1-9]\d{0,6}\r\n\$[1-9]\d{0,2}\r\n/;
/** Records are read on from a beginning in chunks of this size. */
const CHUNK_BYTES = 64 * 1024;

const table = new CommandTable(ALL_COMMANDS);

export interface RecognisedRecord {
  /** Where it begins, annotations before it included, and ends in the file. */
  readonly offset: number;
  readonly end: number;
  /** None where the command is only known elsewhere. */
  readonly keys: readonly string[];
  /** Lower case. */
  readonly name: string;
}

/** Calls `visit` for each record that can be recognised in `file` from `from` on. @throws DiskError */
export async function recogniseRecords(
  file: DiskFile,
  from: number,
  visit: (record: RecognisedRecord) => void,
): Promise<void> {
  const size = file.size();
  let at = from;
  for (;;) {
    const beginning = nextBeginning(file, at, size);
    if (beginning === undefined) return;
    const end = await readOn(file, beginning, visit);
    at = Math.max(end, beginning + 1);
  }
}

/**
 * Where the first records begin that follow one another from there to the end of the file: those behind an RDB part that can no
 * longer be read. @throws DiskError
 */
export async function firstRunToEnd(file: DiskFile, from: number): Promise<number | undefined> {
  const size = file.size();
  for (let at = from; ; ) {
    const beginning = nextBeginning(file, at, size);
    if (beginning === undefined) return undefined;
    const end = await readOn(file, beginning, () => {});
    if (end === size) return beginning;
    at = Math.max(end, beginning + 1);
  }
}

/** The next place that looks like the headers of a record; what stands before it may be anything, where bytes are missing. */
function nextBeginning(file: DiskFile, from: number, size: number): number | undefined {
  const bytes = Buffer.allocUnsafe(SEARCH_BYTES + HEADERS_BYTES);
  for (let at = from; at < size; at += SEARCH_BYTES) {
    const length = file.read(bytes, 0, bytes.length, at);
    const piece = bytes.subarray(0, length);
    for (let i = piece.indexOf(STAR); i >= 0 && i < SEARCH_BYTES; i = piece.indexOf(STAR, i + 1)) {
      if (HEADERS.test(piece.toString('latin1', i, i + HEADERS_BYTES))) return at + i;
    }
  }
  return undefined;
}

/** Reads records from `from` on. @returns where the first begins that is none */
async function readOn(file: DiskFile, from: number, visit: (record: RecognisedRecord) => void): Promise<number> {
  const view = new Request();
  const reader = new AofRecordReader({ mode: 'check', fileOffset: from, view });
  let end = from;
  /** Behind the record before: annotations belong to the record that follows them. */
  let start = from;
  const readAll = (): boolean => {
    for (;;) {
      const status = reader.next();
      if (status === NEED_MORE) return true;
      if (status === RECORD) {
        const record = recognised(view, start, reader.endOffset);
        if (record === undefined) return false;
        visit(record);
        start = record.end;
      } else if (status !== ANNOTATION) return status === END;
      end = reader.endOffset;
    }
  };
  for await (const chunk of fileChunks(file, from, CHUNK_BYTES)) {
    reader.feed(chunk);
    if (!readAll()) return end;
  }
  reader.end();
  readAll();
  return end;
}

function recognised(view: Request, offset: number, end: number): RecognisedRecord | undefined {
  const name = runnableName(view);
  if (name === undefined) return undefined;
  const command = table.find(view);
  const keys = (command === undefined ? undefined : keyPositions(command, view)) ?? [];
  return { offset, end, keys: keys.map(({ index }) => view.latin1(index)), name };
}

/** The name in lower case, if some server would run this: it knows the name, and takes so many arguments. */
export function runnableName(view: Request): string | undefined {
  if (view.count === 0) return undefined;
  const command = table.find(view);
  const name = view.latin1(0).toLowerCase();
  if (command === undefined) {
    return knownElsewhere(name, view.count) === 'yes' || isModuleCommand(name) ? name : undefined;
  }
  // How many arguments a subcommand takes is not looked at.
  return command.subcommands !== undefined || command.acceptsArgumentCount(view.count) ? name : undefined;
}
