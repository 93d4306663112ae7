/** The part of redis-parser 3 that is measured here; the package has no types of its own. */
declare module 'redis-parser' {
  export default class Parser {
    constructor(options: { returnReply(reply: unknown): void; returnError(error: Error): void });
    execute(chunk: Buffer): void;
  }
}
