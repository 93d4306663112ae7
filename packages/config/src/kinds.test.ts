/** What a value becomes. Which values are refused, and how, is compared with Redis in options.test.ts. */

import { describe, expect, it } from 'vitest';
import { Config } from './config.ts';
import { parseConfigFile } from './reader.ts';
import { EVENT_CLASSES } from './special-kinds.ts';

function settle(name: string, value: string): { text: string | undefined; error: string | undefined; config: Config } {
  const config = Config.of('/home/aof');
  const result = config.set([name, value]);
  return { text: config.get([name])[1], error: 'error' in result ? result.error : undefined, config };
}

describe('memory', () => {
  it.each([
    ['0', '0'],
    ['', '0'],
    ['007', '7'],
    ['1b', '1'],
    ['1k', '1000'],
    ['1KB', '1024'],
    ['1m', '1000000'],
    ['1Mb', '1048576'],
    ['1G', '1000000000'],
    ['1gb', '1073741824'],
    ['18446744073709551615', '18446744073709551615'],
    ['99999999999999999999', '18446744073709551615'],
    // Redis computes modulo 2^64 here, which makes these 0: no limit.
    ['18014398509481984kb', '18446744073709551615'],
    ['17179869184gb', '18446744073709551615'],
  ])('maxmemory %j is %s', (value, text) => {
    expect(settle('maxmemory', value)).toMatchObject({ text, error: undefined });
  });

  it.each(['1t', '1.5gb', ' 1', '1 ', '-1', '+1', '0x10', '1kk', 'x', '1'.repeat(128)])('%j is none', (value) => {
    expect(settle('maxmemory', value)).toMatchObject({ text: '0', error: expect.stringContaining('memory value') });
  });

  it('is a number of bytes in the values', () => {
    expect(settle('maxmemory', '3mb').config.values.maxmemory).toBe(3145728);
  });
});

describe('memory or percent', () => {
  it.each([
    ['10%', '10%', { unit: 'percent', amount: 10 }],
    ['0%', '0', { unit: 'bytes', amount: 0 }],
    ['2kb', '2048', { unit: 'bytes', amount: 2048 }],
  ])('%j is %s', (value, text, expected) => {
    const { config, text: actual } = settle('maxmemory-clients', value);
    expect(actual).toBe(text);
    expect(config.values['maxmemory-clients']).toEqual(expected);
  });

  it.each([
    ['101%', 'percentage argument must be less or equal to 100'],
    ['-5%', 'argument must be a memory or percent value'],
    ['%', 'argument must be a memory or percent value'],
    ['9223372036854775808', 'percentage argument must be less or equal to 100'],
  ])('%j: %s', (value, reason) => {
    expect(settle('maxmemory-clients', value).error).toContain(reason);
  });
});

describe('integers', () => {
  it('are exact in CONFIG GET and rounded in the values above 2^53', () => {
    const { text, config } = settle('slowlog-max-len', '9223372036854775807');
    expect(text).toBe('9223372036854775807');
    expect(config.values['slowlog-max-len']).toBe(2 ** 63);
  });

  it.each(['', ' 1', '1 ', '+1', '01', '-0', '0x1', '1e3', '9223372036854775808'])('%j is none', (value) => {
    expect(settle('timeout', value).error).toContain("argument couldn't be parsed into an integer");
  });

  it('of hz are brought into range', () => {
    expect(settle('hz', '0').text).toBe('1');
    expect(settle('hz', '100000').text).toBe('500');
    expect(settle('hz', '-1').error).toContain('argument must be between 0 and 2147483647 inclusive');
  });
});

describe('words', () => {
  it('are taken in any case and shown in lower case', () => {
    expect(settle('appendfsync', 'ALWAYS').config.values.appendfsync).toBe('always');
    expect(settle('appendonly', 'Yes').config.values.appendonly).toBe(true);
  });

  it('may have a synonym', () => {
    expect(settle('oom-score-adj', 'relative').text).toBe('yes');
  });

  it('of a shutdown come in a fixed order, and default means none', () => {
    expect(settle('shutdown-on-sigterm', 'force now').text).toBe('now force');
    expect(settle('shutdown-on-sigterm', 'default save').config.values['shutdown-on-sigterm']).toEqual(['save']);
    expect(settle('shutdown-on-sigterm', 'default').config.values['shutdown-on-sigterm']).toEqual([]);
    expect(settle('shutdown-on-sigterm', 'save nosave').error).toContain("can't be used simultaneously");
  });
});

describe('save points', () => {
  it.each([
    ['', ''],
    ['900 1', '900 1'],
    ['900 1 300 10', '900 1 300 10'],
    ['+900 0', '900 0'],
    ['900 ', '900 0'],
  ])('%j is %j', (value, text) => {
    expect(settle('save', value)).toMatchObject({ text, error: undefined });
  });

  it.each(['900', '0 1', '900 -1', 'a b', ' 900 1', '900 1 ', '900 1  300 10', '""', '900 99999999999'])(
    '%j is refused',
    (value) => {
      expect(settle('save', value)).toMatchObject({
        text: '3600 1 300 100 60 10000',
        error: expect.stringContaining('Invalid save parameters'),
      });
    },
  );
});

describe('buffer limits', () => {
  it('change only the classes that are named', () => {
    const { text, config } = settle('client-output-buffer-limit', 'Replica 1gb 2mb 5 normal 1 2 3');
    expect(text).toBe('normal 1 2 3 slave 1073741824 2097152 5 pubsub 33554432 8388608 60');
    expect(config.values['client-output-buffer-limit'].normal).toEqual({ hardBytes: 1, softBytes: 2, softSeconds: 3 });
  });

  it.each([
    ['normal 1 2', 'Wrong number of arguments in buffer limit configuration.'],
    ['master 1 1 1', 'Invalid client class specified in buffer limit configuration.'],
    ['normal 1 2 -3', 'Error in hard, soft or soft_seconds setting in buffer limit configuration.'],
    ['normal -1 1 1', 'Error in hard, soft or soft_seconds setting in buffer limit configuration.'],
    ['normal 1 1 99999999999', 'Error in hard, soft or soft_seconds setting in buffer limit configuration.'],
  ])('%j: %s', (value, reason) => {
    expect(settle('client-output-buffer-limit', value).error).toContain(reason);
  });
});

describe('event classes', () => {
  it.each([
    ['KEA', 'AKE'],
    ['KEn', 'nKE'],
    ['mn', 'nm'],
    ['Kg$', 'g$K'],
    ['g$lshzxetd', 'A'],
    ['AKEn', 'AKE'],
    ['Eg$lshzxeKtmdn', 'AKEm'],
    ['', ''],
  ])('%j is shown as %j', (value, text) => {
    expect(settle('notify-keyspace-events', value)).toMatchObject({ text, error: undefined });
  });

  it('are bits in the values', () => {
    const { config } = settle('notify-keyspace-events', 'Kx');
    expect(config.values['notify-keyspace-events']).toBe(EVENT_CLASSES.K | EVENT_CLASSES.x);
  });
});

describe('percentiles', () => {
  it.each([
    ['50.5 99.99', '50.5 99.99'],
    ['99.9999999', '100'],
    ['1e1 0', '10 0'],
    ['', ''],
  ])('%j is %j', (value, text) => {
    expect(settle('latency-tracking-info-percentiles', value)).toMatchObject({ text, error: undefined });
  });

  it.each(['101', '-1', 'a', 'nan', 'inf', '50 99 x', '1  2'])('%j is refused', (value) => {
    expect(settle('latency-tracking-info-percentiles', value)).toMatchObject({ text: '50 99 99.9' });
  });
});

describe('addresses', () => {
  it('are up to 16', () => {
    const bound = (lines: string) =>
      new Config(parseConfigFile({ path: '/a.conf', workingFolder: '/', readFile: () => lines })).values.bind;
    expect(bound('bind 127.0.0.1 -::1')).toEqual(['127.0.0.1', '-::1']);
    expect(bound('bind ""')).toEqual([]);
    expect(() => bound(`bind ${Array(17).fill('::1').join(' ')}`)).toThrow('Too many bind addresses specified.');
  });
});

describe('paths', () => {
  it('are text in the values and bytes in CONFIG GET', () => {
    const config = Config.of('/home/aof', { logfile: 'größe.log' });
    expect(config.get(['logfile'])[1]).toBe('gr\xc3\xb6\xc3\x9fe.log');
    expect(config.values.logfile).toBe('größe.log');
  });
});
