import { VmError } from '../core/errors.ts';
import type { ImageSource, VmConfig, VmErrorCode, VmReport } from '../core/vm-api.ts';
import { imageName, isLocalImage, textOfOption, VM_OPTIONS } from './options.ts';

/** A failure as the user reads it. */
export interface Failure {
  code: VmErrorCode;
  /** What it means, in a few words. */
  title: string;
  /** What happened, from the place that knows. */
  message: string;
  /** What to do about it. */
  advice: string;
}

const TEXTS: Record<VmErrorCode, { title: string; advice: string }> = {
  'not-isolated': {
    title: 'This page may not share memory',
    advice:
      'Serve the page with the headers “Cross-Origin-Opener-Policy: same-origin” and ' +
      '“Cross-Origin-Embedder-Policy: require-corp”, over https or from localhost. Where the headers cannot be set, put ' +
      'vm-console-isolation.js beside the page, and <script src="vm-console-isolation.js"></script> first in its head.',
  },
  unsupported: {
    title: 'This browser is too old for the machine',
    advice: 'Use a current version of Chrome, Edge, Firefox or Safari.',
  },
  'bad-config': {
    title: 'The machine cannot be built like this',
    advice: 'Correct the option named above and start again.',
  },
  'not-found': {
    title: 'An image could not be loaded',
    advice:
      'Check its address and your connection. A file on another site must be sent with ' +
      '“Access-Control-Allow-Origin”. Images of this repository are built by “npm start”.',
  },
  'bad-image': {
    title: 'An image is not usable',
    advice: 'Choose an image made for this architecture, or download it again if it may be cut short.',
  },
  'disk-in-use': {
    title: 'The disk is in use',
    advice:
      'Shut down the machine that has it, or close its tab, and start this one again. Or go on with a copy of the disk.',
  },
  'too-large': {
    title: 'An image does not fit into the guest’s memory',
    advice: 'Give the machine more memory (option -m), or choose a smaller image.',
  },
  'out-of-memory': {
    title: 'The browser would not give that much memory',
    advice:
      'The memory size is the option -m, on Snowglobe’s own page under “Options”. Phones give a page some hundred MB.',
  },
  'worker-died': {
    title: 'The machine’s processor stopped unexpectedly',
    advice:
      'The guest’s memory is lost. Start it again; if it happens again, please report it with the details.',
  },
  'guest-hang': {
    title: 'The guest is stuck',
    advice:
      'It traps inside its own trap handler for ever, which happens when a guest was built for other hardware. ' +
      'The text on the terminal may say more.',
  },
  internal: {
    title: 'Something in Snowglobe failed',
    advice: 'This is a bug of ours. Start the machine again, and please report it with the details.',
  },
};

/** The VmError behind anything that was thrown. */
export function toVmError(error: unknown): VmError {
  if (error instanceof VmError) return error;
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' && message ? message : String(error);
  if (typeof code === 'string' && Object.hasOwn(TEXTS, code)) return new VmError(code as VmErrorCode, text);
  return new VmError('internal', text, { cause: error });
}

/** The words for a failure: title and advice by its code, the message from whoever found it. */
export function describeFailure({ code, message }: { code: VmErrorCode; message: string }): Failure {
  return { code, message, ...TEXTS[code] };
}

/**
 * Why vm-console-isolation.js could not isolate the page, in words; empty where the page is isolated, or does not have that script. Does not resolve
 * while the page loads again for it.
 */
export async function isolationProblem(scope: object): Promise<string> {
  const { vmConsoleIsolation } = scope as { vmConsoleIsolation?: { ready?: Promise<string | null> } };
  return (await vmConsoleIsolation?.ready) ?? '';
}

/**
 * What the browser lacks to run a machine, or null when it has everything.
 * @param reason what is known of why the page is not isolated
 */
export function missingFeature(
  scope: {
    crossOriginIsolated?: boolean;
    SharedArrayBuffer?: unknown;
    WebAssembly?: unknown;
    Worker?: unknown;
    Atomics?: { waitAsync?: unknown };
  },
  reason = '',
): VmError | null {
  if (!scope.WebAssembly || !scope.Worker) {
    return new VmError('unsupported', 'This browser has no WebAssembly or no workers.');
  }
  if (!scope.crossOriginIsolated || !scope.SharedArrayBuffer) {
    return new VmError(
      'not-isolated',
      `The page is not cross-origin isolated, so the browser hides SharedArrayBuffer, where a guest’s memory lives. ${reason}`.trim(),
    );
  }
  if (!scope.Atomics?.waitAsync) {
    return new VmError(
      'unsupported',
      'This browser has no Atomics.waitAsync, by which the page serves its devices.',
    );
  }
  return null;
}

const imageText = (source: ImageSource): string => `(file) ${imageName(source)}`;

/** The text behind “Copy details”: everything a bug report needs, and no bytes of the user's files. */
export function failureDetails(
  failure: Failure,
  context: { config: Partial<VmConfig>; report: VmReport | null; screen: string; userAgent: string },
): string {
  const options = VM_OPTIONS.filter(({ key }) => context.config[key] !== undefined).map((option) => {
    const { key, kind } = option;
    const local = kind === 'image' && isLocalImage(context.config[key] as ImageSource);
    const text = local ? imageText(context.config[key] as ImageSource) : textOfOption(option, context.config);
    return `  ${String(key)}: ${text ?? ''}`;
  });
  return [
    `Snowglobe: ${failure.title} (${failure.code})`,
    failure.message,
    '',
    'Machine:',
    ...options,
    '',
    `Report: ${context.report ? JSON.stringify(context.report) : 'the machine had not started'}`,
    `Browser: ${context.userAgent}`,
    ...(context.screen ? ['', 'Terminal:', context.screen] : []),
  ].join('\n');
}
