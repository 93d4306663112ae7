export { FilesInUseError } from './file-claims.ts';
export { ListenError } from './listener.ts';
export { AofServer, createServer, ReplyError, type ServerOptions } from './server.ts';
