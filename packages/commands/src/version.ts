/** The Redis version whose behaviour this server has; clients choose what they use by it. */
export const REDIS_VERSION = '7.2.5';
