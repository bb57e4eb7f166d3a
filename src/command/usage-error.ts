/** The command line is wrong, or names something unreadable: exit status 2. The message is one line and says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
