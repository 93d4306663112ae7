export { parseArguments, type ServerArguments } from './arguments.ts';
export { type Apply, Config, type SetContext, type SetResult } from './config.ts';
export { ConfigError, type ConfigErrorCode } from './config-error.ts';
export { DIFFERENCES, type Difference } from './differences.ts';
export type { Directive, DirectiveName } from './directives.ts';
export { checkValues, renameDirectives } from './given-values.ts';
export type { MemoryShare } from './kinds.ts';
export type { Option, OptionClass, OptionOrigin, Setting } from './option.ts';
export { type ConfigValues, OPTIONS, type OptionName } from './options.ts';
export { type ConfigFiles, type ConfigSource, type ParsedConfig, parseConfigFile } from './reader.ts';
export { rewriteConfig } from './rewrite.ts';
export {
  type BufferLimit,
  type BufferLimits,
  EVENT_CLASSES,
  type HostAndPort,
  type SavePoint,
} from './special-kinds.ts';
