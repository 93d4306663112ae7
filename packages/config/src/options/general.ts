/** Options about the process as a whole: logging, databases, the clock of background work, stopping. */

import { boolean, clampedInteger, integer, oneOf, path, someOf, string } from '../kinds.ts';
import { option } from '../option.ts';

const PROC_TITLE_VARIABLES = ['title', 'listen-addr', 'server-mode', 'port', 'tls-port', 'unixsocket', 'config-file'];

/** `{{` stands for a brace; any other `{` begins a variable. */
function checkProcTitle(template: string): string | undefined {
  const rest = template
    .replaceAll('{{', 'x')
    .replace(/\{([^{}]*)\}/g, (whole, name: string) => (PROC_TITLE_VARIABLES.includes(name) ? 'x' : whole));
  const isUsable = rest.trim() !== '' && !rest.includes('{');
  return isUsable ? undefined : 'template format is invalid or contains unknown variables';
}

const shutdownActions = () =>
  someOf(['default', 'save', 'nosave', 'now', 'force'], {
    words: ['save', 'nosave'],
    reason: "shutdown options SAVE and NOSAVE can't be used simultaneously",
  });

export const general = {
  loglevel: option(
    oneOf(['debug', 'verbose', 'notice', 'warning']),
    'notice',
    `How much is logged. debug is for finding faults, verbose adds connections and the like, notice is what an operator
    wants to know, warning only what needs attention.`,
  ),
  logfile: option(path(), '', `File that log lines are appended to. Empty means standard output.`, { immutable: true }),
  pidfile: option(
    path(),
    '',
    `File into which the process number is written at the start; it is removed when the server stops. Empty means none.`,
    { immutable: true },
  ),
  databases: option(integer(1), 16, `Number of databases, which clients choose by SELECT with a number from 0 on.`, {
    immutable: true,
    unit: 'entries',
  }),
  hz: option(
    clampedInteger(1, 500),
    10,
    `How often a second background work is looked after: expired keys, idle clients, a due rewrite of the append only
    file. More is more punctual and costs idle CPU time. Values outside 1 to 500 are brought into that range.`,
    { unit: 'per second' },
  ),
  'dynamic-hz': option(
    boolean(),
    true,
    `Look after background work more often than hz says while very many clients are connected.`,
    { accepted: true },
  ),
  'active-expire-effort': option(
    integer(1, 10),
    1,
    `How hard the server looks for expired keys that nobody reads, from 1 to 10. More effort frees memory sooner and
    takes a larger share of the CPU.`,
  ),
  'shutdown-on-sigint': option(
    shutdownActions(),
    [],
    `What SIGINT does. default saves a snapshot if save points are configured and stops; save and nosave decide that
    regardless of the save points; now doesn't wait for lagging replicas; force stops even if saving fails. All but
    "save nosave" may be combined.`,
  ),
  'shutdown-on-sigterm': option(shutdownActions(), [], `The same for SIGTERM.`),
  'shutdown-timeout': option(integer(), 10, `Seconds that a shutdown waits for replicas that lag behind.`, {
    accepted: true,
    unit: 'seconds',
  }),
  daemonize: option(boolean(), false, `Run in the background. Use a service manager instead.`, {
    accepted: true,
    immutable: true,
  }),
  supervised: option(
    oneOf(['upstart', 'systemd', 'auto', 'no']),
    'no',
    `Tell a service manager that the server is ready.`,
    { accepted: true, immutable: true },
  ),
  'always-show-logo': option(boolean(), false, `Print a picture at the start.`, { accepted: true, immutable: true }),
  'set-proc-title': option(boolean(), true, `Change the title of the process.`, { accepted: true, immutable: true }),
  'proc-title-template': option(
    string(checkProcTitle),
    '{title} {listen-addr} {server-mode}',
    `The title of the process.`,
    { accepted: true },
  ),
  'syslog-enabled': option(boolean(), false, `Log to the system's log.`, { accepted: true, immutable: true }),
  'syslog-ident': option(string(), 'redis', `Name in the system's log.`, { accepted: true, immutable: true }),
  'syslog-facility': option(
    oneOf(['user', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7']),
    'local0',
    `Facility in the system's log.`,
    { accepted: true, immutable: true },
  ),
  'crash-log-enabled': option(boolean(), true, `Log the state of the process when it crashes.`, { accepted: true }),
  'crash-memcheck-enabled': option(boolean(), true, `Test the memory after a crash.`, { accepted: true }),
  'use-exit-on-panic': option(boolean(), false, `End by exit instead of abort after a failed assertion.`, {
    accepted: true,
    hidden: true,
  }),
  'watchdog-period': option(integer(), 0, `Log the stack when a command takes longer than this.`, {
    accepted: true,
    hidden: true,
    unit: 'milliseconds',
  }),
  'ignore-warnings': option(string(), '', `Warnings of the operating system checks to leave out.`, { accepted: true }),
  'locale-collate': option(string(), '', `Locale by which SORT ALPHA compares.`, {
    accepted: true,
    origin: 'redis-7.2',
  }),
};
