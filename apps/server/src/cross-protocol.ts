/**
 * A web page can make a browser send an HTTP request to any port of its user's machine, with lines of its choice in the
 * body: commands, to a server that answers each line by itself. Such a request begins with POST or has a line `Host:`;
 * neither is a command, so whoever sends one is cut off before the body is read. As Redis does.
 */
import type { Request } from '@aof/resp-codec';
import type { Engine } from './engine.ts';

/** A page can open connections faster than anybody reads lines. */
const LINE_EVERY_MS = 60_000;

/** Whether a line of a connection is one of an HTTP request. Anything but a line is no browser's. */
export function isHttp(request: Request): boolean {
  if (!request.isInline) return false;
  const word = request.latin1(0).toLowerCase();
  return word === 'post' || word === 'host:';
}

/** Says in the log, once in a while, that a connection is closed for speaking HTTP. */
export function reportHttp({ clock, log, statistics }: Engine, address: string): void {
  const nowMs = clock.nowMs();
  if (nowMs - statistics.httpReportedAtMs < LINE_EVERY_MS) return;
  statistics.httpReportedAtMs = nowMs;
  log(
    'warning',
    `Possible SECURITY ATTACK detected: ${address} sends HTTP (POST or Host:), as a web page does that makes a browser send commands. Its connection is closed.`,
  );
}
