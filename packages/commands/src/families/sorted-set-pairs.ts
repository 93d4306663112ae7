/** Members with their scores in replies. */
import type { ReplyWriter } from '@aof/resp-codec';

/** Begins an array of members, with their scores if asked for: flat in RESP2, pairs in RESP3. */
export function beginMembers(reply: ReplyWriter, count: number, withScores: boolean): void {
  reply.array(withScores && reply.protocol === 2 ? count * 2 : count);
}

/** One element of that array. */
export function writeMember(reply: ReplyWriter, member: string, score: number, withScores: boolean): void {
  if (withScores && reply.protocol === 3) reply.array(2);
  reply.bulk(member);
  if (withScores) reply.double(score);
}

/** `writeMember` of the member that is the bytes `start` to `end` (exclusive) of `bytes`, which are copied. */
export function writeMemberBytes(
  reply: ReplyWriter,
  bytes: Uint8Array,
  start: number,
  end: number,
  score: number,
  withScores: boolean,
): void {
  if (withScores && reply.protocol === 3) reply.array(2);
  reply.bulkRange(bytes, start, end);
  if (withScores) reply.double(score);
}

/** A member and its score as an array of two, whatever the protocol. */
export function writePair(reply: ReplyWriter, member: string, score: number): void {
  reply.array(2);
  reply.bulk(member);
  reply.double(score);
}
