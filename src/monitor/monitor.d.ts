import type { MonitorTarget } from './target.ts';
/** Carries out one command and gives its answer, without a line break at its end; empty where QEMU says nothing. */
export declare function runCommand(target: MonitorTarget, line: string): Promise<string>;
/** Names that may come next, for completion. */
export declare function completions(line: string): string[];
