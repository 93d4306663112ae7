/** From an argument to the value that is kept. */
import { type Database, RAW_ABOVE_BYTES, RawString, type StringValue } from '@aof/keyspace';
import type { Request } from '@aof/resp-codec';

/** Argument `index` as a string value of its own: nothing of it points into the request. */
export function storedString(request: Request, index: number): StringValue {
  return request.length(index) > RAW_ABOVE_BYTES ? RawString.of(request.bytes(index)) : request.latin1(index);
}

/** Sets the key that argument `keyIndex` names to the string of argument `valueIndex`: as a rule by bytes, without a string of either. */
export function storeString(db: Database, request: Request, keyIndex: number, valueIndex: number): void {
  if (request.length(valueIndex) > RAW_ABOVE_BYTES) {
    db.set(request.key(keyIndex), storedString(request, valueIndex));
    return;
  }
  const { buffer } = request;
  db.setBytes(
    buffer,
    request.start(keyIndex),
    request.end(keyIndex),
    request.start(valueIndex),
    request.end(valueIndex),
  );
}
