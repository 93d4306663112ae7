import { describe, expect, it } from 'vitest';
import { Config } from './config.ts';
import { parseConfigFile } from './reader.ts';

const failed = (name: string, reason: string) => ({
  error: `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`,
});

/** A server with CONFIG SET of protected options allowed as given. */
function allowing(allowance: string): Config {
  const stdinText = `enable-protected-configs ${allowance}`;
  return new Config(parseConfigFile({ stdinText, workingFolder: '/home', readFile: () => '' }));
}

describe('CONFIG GET', () => {
  const config = Config.of('/home');

  it.each([
    [['appendonly'], ['appendonly', 'no']],
    [['LOGLEVEL'], ['LOGLEVEL', 'notice']],
    [['LOGLEV*'], ['loglevel', 'notice']],
    [
      ['nope', 'timeout'],
      ['timeout', '0'],
    ],
    [['nope*'], []],
    [[], []],
    [
      ['loglevel', 'LOGLEVEL', 'loglev*'],
      ['loglevel', 'notice'],
    ],
    [
      ['hz', 'port', 'hz'],
      ['hz', '10', 'port', '6379'],
    ],
    [['lua-time-limit'], ['lua-time-limit', '5000']],
    [['dir'], ['dir', '/home']],
  ])('%j', (patterns, expected) => {
    expect(config.get(patterns)).toEqual(expected);
  });

  it('matches aliases, in alphabetical order', () => {
    expect(config.get(['hash-max-[lz]*-value', 'hash-max-*-entries'])).toEqual([
      'hash-max-listpack-value',
      '64',
      'hash-max-ziplist-value',
      '64',
      'hash-max-listpack-entries',
      '512',
      'hash-max-ziplist-entries',
      '512',
    ]);
  });

  it('hides what is hidden from patterns only', () => {
    expect(config.get(['rdb-key-save-dela?'])).toEqual([]);
    expect(config.get(['rdb-key-save-delay'])).toEqual(['rdb-key-save-delay', '0']);
  });
});

describe('CONFIG SET', () => {
  it('changes values at once and says which have changed', () => {
    const config = Config.of('/');
    expect(config.set(['TIMEOUT', '5', 'appendonly', 'no', 'lua-time-limit', '7'])).toEqual({
      changed: ['timeout', 'busy-reply-threshold'],
    });
    expect(config.values.timeout).toBe(5);
    expect(config.values['busy-reply-threshold']).toBe(7);
  });

  it.each([
    [['timeout', '1', 'timeout', '2'], failed('timeout', 'duplicate parameter')],
    [['timeout', '1', 'nope', '2'], { error: "ERR Unknown option or number of arguments for CONFIG SET - 'nope'" }],
    [['nope', '1', 'databases', 'x'], { error: "ERR Unknown option or number of arguments for CONFIG SET - 'nope'" }],
    [['databases', '3', 'nope', '1'], failed('databases', "can't set immutable config")],
    [['Databases', 'x'], failed('Databases', "can't set immutable config")],
    [['slaveof', 'x'], failed('slaveof', "can't set immutable config")],
    [['dir', '/tmp'], failed('dir', "can't set protected config")],
    [
      ['timeout', '5', 'loglevel', 'x'],
      failed('loglevel', 'argument(s) must be one of the following: debug, verbose, notice, warning'),
    ],
    [['timeout', 'abc', 'loglevel', 'x'], failed('timeout', "argument couldn't be parsed into an integer")],
    [['Min-Slaves-Max-Lag', 'x'], failed('min-slaves-max-lag', "argument couldn't be parsed into an integer")],
    [['appendonly', 'maybe'], failed('appendonly', "argument must be 'yes' or 'no'")],
    [['maxmemory', '50%'], failed('maxmemory', 'argument must be a memory value')],
    [['port', '70000'], failed('port', 'argument must be between 0 and 65535 inclusive')],
    [['timeout'], { error: 'ERR syntax error' }],
    [['timeout', '1', 'port'], { error: 'ERR syntax error' }],
  ])('%j is refused', (args, expected) => {
    const config = Config.of('/');
    const before = config.get(['*']);
    expect(config.set(args)).toEqual(expected);
    expect(config.get(['*'])).toEqual(before);
  });

  it('takes a name and its alias together, the later wins', () => {
    const config = Config.of('/');
    expect(config.set(['min-slaves-to-write', '1', 'min-replicas-to-write', '2'])).toHaveProperty('changed');
    expect(config.values['min-replicas-to-write']).toBe(2);
  });

  it('replaces save points instead of adding to them', () => {
    const config = Config.of('/');
    config.set(['save', '1 1']);
    config.set(['save', '2 2']);
    expect(config.values.save).toEqual([{ seconds: 2, changes: 2 }]);
  });

  it('changes protected options for whom the file allows it', () => {
    expect(allowing('no').set(['dir', 'x'], { isLocal: true })).toHaveProperty('error');
    expect(allowing('local').set(['dir', 'x'], { isLocal: false })).toHaveProperty('error');
    const config = allowing('local');
    expect(config.set(['dir', 'x'], { isLocal: true })).toEqual({ changed: ['dir'] });
    expect(config.values.dir).toBe('/home/x');
    expect(allowing('yes').set(['dbfilename', 'x'])).toEqual({ changed: ['dbfilename'] });
  });

  it('waits with some options until the data set is loaded', () => {
    const config = Config.of('/');
    const isLoading = { isLoading: true };
    expect(config.set(['appendonly', 'yes'], isLoading)).toEqual({
      error: 'LOADING Redis is loading the dataset in memory',
    });
    expect(config.set(['timeout', '1'], isLoading)).toEqual({ changed: ['timeout'] });
  });
});

describe('onChange', () => {
  it('hears of changes, with all new values in place', () => {
    const config = Config.of('/');
    const heard: unknown[] = [];
    config.onChange('timeout', (value, previous) => {
      heard.push([value, previous, config.values.maxclients]);
      return undefined;
    });
    config.set(['timeout', '5', 'maxclients', '1']);
    config.set(['timeout', '5']);
    config.set(['maxclients', '2']);
    expect(heard).toEqual([[5, 0, 1]]);
  });

  it('may refuse: everything goes back, and those who had applied a value apply the old one', () => {
    const config = Config.of('/');
    const heard: unknown[] = [];
    config.onChange('timeout', (value, previous) => {
      heard.push(['timeout', value, previous, config.values.hz]);
      return undefined;
    });
    config.onChange('appendonly', () => 'Unable to turn on AOF. Check server logs.');
    config.onChange('hz', (value) => {
      heard.push(['hz', value]);
      return undefined;
    });
    expect(config.set(['timeout', '5', 'appendonly', 'yes', 'hz', '3'])).toEqual(
      failed('appendonly', 'Unable to turn on AOF. Check server logs.'),
    );
    expect(heard).toEqual([
      ['timeout', 5, 0, 3],
      ['timeout', 0, 5, 10],
    ]);
    expect(config.get(['timeout', 'appendonly', 'hz'])).toEqual(['timeout', '0', 'appendonly', 'no', 'hz', '10']);
  });

  it('ends when asked to', () => {
    const config = Config.of('/');
    let calls = 0;
    const end = config.onChange('hz', () => {
      calls++;
      return undefined;
    });
    config.set(['hz', '11']);
    end();
    config.set(['hz', '12']);
    expect(calls).toBe(1);
  });

  it('hears of a change that CONFIG GET does not show', () => {
    const config = Config.of('/', { 'notify-keyspace-events': 0 });
    config.set(['notify-keyspace-events', 'AKE']);
    expect(config.set(['notify-keyspace-events', 'AKEn'])).toEqual({ changed: ['notify-keyspace-events'] });
  });
});

describe('preview', () => {
  it('tells what a CONFIG SET would make of its values, or its error, and changes nothing', () => {
    const config = Config.of('/', { port: 7000 });
    config.onChange('port', () => 'never');
    expect(config.preview(['PORT', '7001', 'bind', '127.0.0.1 -::1'])).toEqual({
      values: { port: 7001, bind: ['127.0.0.1', '-::1'] },
    });
    expect(config.preview(['port', '7001', 'hz', 'x'])).toEqual(
      failed('hz', "argument couldn't be parsed into an integer"),
    );
    expect(config.preview(['port'])).toEqual({ error: 'ERR syntax error' });
    expect(config.get(['port', 'hz'])).toEqual(['port', '7000', 'hz', '10']);
  });
});

describe('Config.of', () => {
  it('replaces defaults', () => {
    const config = Config.of('/data', { port: 0, appendonly: true, save: [] });
    expect(config.get(['port', 'appendonly', 'save', 'dir'])).toEqual([
      'port',
      '0',
      'appendonly',
      'yes',
      'save',
      '',
      'dir',
      '/data',
    ]);
  });
});
