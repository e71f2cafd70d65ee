/** What a command ends with; the highest that occurred wins. 130 and 143 stand for Ctrl-C and SIGTERM. */
export const exitCodes = {
  /** Every expectation passes. */
  passes: 0,
  /** One does not. */
  fails: 1,
  /** Bad input or surroundings. */
  badInput: 2,
  /** A defect of the program. */
  defect: 3,
} as const;
