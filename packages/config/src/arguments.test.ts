import { describe, expect, it } from 'vitest';
import { parseArguments } from './arguments.ts';
import { ConfigError } from './config-error.ts';

const nothing = { action: 'serve', path: undefined, readsStdin: false, argumentText: undefined };

describe('parseArguments', () => {
  it.each([
    [[], {}],
    [['aof.conf'], { path: 'aof.conf' }],
    [['./x.conf', '--port', '7000'], { path: './x.conf', argumentText: 'port "7000"' }],
    [['--port', '7000', '--appendonly', 'yes'], { argumentText: 'port "7000"\nappendonly "yes"' }],
    [['--bind', '1.1.1.1', '2.2.2.2'], { argumentText: 'bind "1.1.1.1" "2.2.2.2"' }],
    [['--save', ''], { argumentText: 'save ""' }],
    [['--save'], { argumentText: 'save ""' }],
    [['--save', '--port', '1'], { argumentText: 'save ""\nport "1"' }],
    [['--port 7000', '--hz', '5'], { argumentText: 'port 7000\nhz "5"' }],
    [['--requirepass', '--secret', '--hz', '5'], { argumentText: 'requirepass "--secret"\nhz "5"' }],
    [['-'], { readsStdin: true }],
    [['-', '--port', '1'], { readsStdin: true, argumentText: 'port "1"' }],
    [['a.conf', '--port', '1', '-'], { path: 'a.conf', readsStdin: true, argumentText: 'port "1"' }],
    [['--', '--port', '1'], { argumentText: 'port "1"' }],
    [['a.conf', '--', '--port', '1'], { path: 'a.conf', argumentText: 'port "1"' }],
    [['--requirepass', 'ö"'], { argumentText: 'requirepass "\\xc3\\xb6\\""' }],
    [['-v'], { action: 'version' }],
    [['--version'], { action: 'version' }],
    [['-h'], { action: 'help' }],
    [['--help'], { action: 'help' }],
  ])('%j', (argv, expected) => {
    expect(parseArguments(argv)).toEqual({ ...nothing, ...expected });
  });

  it('explains --name=value', () => {
    expect(() => parseArguments(['--port=7000'])).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_OPTION', hint: "write '--port 7000' instead of '--port=7000'" }),
    );
  });

  it('explains an argument that begins nothing', () => {
    expect(() => parseArguments(['-x'])).toThrow(
      expect.objectContaining({ code: 'BAD_ARGUMENTS', hint: expect.stringContaining("try '--x'") }),
    );
    expect(() => parseArguments(['-x'])).toThrow(ConfigError);
  });
});
