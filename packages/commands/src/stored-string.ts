/** From an argument to the value that is kept. */
import { RAW_ABOVE_BYTES, RawString, type StringValue } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';

/** Argument `index` as a string value of its own: nothing of it points into the request. */
export function storedString(request: Request, index: number): StringValue {
  return request.length(index) > RAW_ABOVE_BYTES ? RawString.of(request.bytes(index)) : request.latin1(index);
}
