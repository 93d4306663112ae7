/** The version that `-v` prints: that of the package. */
export const VERSION = '0.1.0';
