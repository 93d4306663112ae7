/** Options about TLS. None has an effect: put a TLS proxy before the server instead. */

import { boolean, integer, oneOf, path, string } from '../kinds.ts';
import { option, type Traits } from '../option.ts';

const accepted: Traits = { accepted: true };

export const tls = {
  'tls-port': option(integer(0, 65535), 0, `Port for TLS connections.`, accepted),
  'tls-cert-file': option(path(), '', `The server's certificate.`, accepted),
  'tls-key-file': option(path(), '', `The server's key.`, accepted),
  'tls-key-file-pass': option(string(), '', `Password of the key.`, { accepted: true, sensitive: true }),
  'tls-client-cert-file': option(path(), '', `Certificate for outgoing connections.`, accepted),
  'tls-client-key-file': option(path(), '', `Key for outgoing connections.`, accepted),
  'tls-client-key-file-pass': option(string(), '', `Password of that key.`, { accepted: true, sensitive: true }),
  'tls-dh-params-file': option(path(), '', `Diffie-Hellman parameters.`, accepted),
  'tls-ca-cert-file': option(path(), '', `Certificates that are trusted.`, accepted),
  'tls-ca-cert-dir': option(path(), '', `Folder of certificates that are trusted.`, accepted),
  'tls-auth-clients': option(oneOf(['no', 'yes', 'optional']), 'yes', `Ask clients for certificates.`, accepted),
  'tls-replication': option(boolean(), false, `Use TLS towards the master.`, accepted),
  'tls-cluster': option(boolean(), false, `Use TLS between nodes.`, accepted),
  'tls-protocols': option(string(), '', `Versions of TLS.`, accepted),
  'tls-ciphers': option(string(), '', `Ciphers up to TLS 1.2.`, accepted),
  'tls-ciphersuites': option(string(), '', `Ciphers of TLS 1.3.`, accepted),
  'tls-prefer-server-ciphers': option(boolean(), false, `Prefer the server's order of ciphers.`, accepted),
  'tls-session-caching': option(boolean(), true, `Let clients resume sessions.`, accepted),
  'tls-session-cache-size': option(integer(), 20480, `Most sessions to remember.`, accepted),
  'tls-session-cache-timeout': option(integer(), 300, `How long sessions are remembered.`, {
    accepted: true,
    unit: 'seconds',
  }),
};
