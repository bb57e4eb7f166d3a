/** The module under test: every operation of `fpu/`, exported. */
export * from '../index';
