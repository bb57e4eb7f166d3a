/**
 * @typedef {object} SourcePosition
 * @property {string} file path as given by the caller or `.include`
 * @property {number} line 1-based
 * @property {string} [within] "in macro NAME at FILE:LINE" for lines that a macro or `.rept` produced
 */

/** An error in the assembly source. The message starts with `file:line:`. */
export class AsmError extends Error {
  /**
   * @param {SourcePosition} position
   * @param {string} message
   */
  constructor(position, message) {
    const within = position.within ? ` (${position.within})` : '';
    super(`${position.file}:${position.line}: ${message}${within}`);
    this.name = 'AsmError';
    this.position = position;
  }
}
