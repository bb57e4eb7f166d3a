import type { MonitorTarget } from './target.ts';
export type Info = (target: MonitorTarget, argument: string) => string | Promise<string>;
/** By what follows `info`. */
export declare const INFO: Readonly<Record<string, readonly [about: string, info: Info]>>;
