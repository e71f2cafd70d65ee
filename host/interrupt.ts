/** Ctrl-C and SIGTERM: the first one ends the work in good order, the second one leaves at once. */
import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM'] as const;

export interface Interrupt {
  /** Aborted with the name of what came: `Ctrl-C` or `SIGTERM`. */
  readonly signal: AbortSignal;
  /** 130 or 143 after an interruption, else null. */
  readonly exitCode: () => number | null;
  readonly stopListening: () => void;
}

export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  let exitCode: number | null = null;
  const listeners = signals.map(name => {
    const listener = () => {
      const code = 128 + constants.signals[name];
      if (exitCode !== null) process.exit(code);
      exitCode = code;
      controller.abort(name === 'SIGINT' ? 'Ctrl-C' : name);
    };
    process.on(name, listener);
    return { name, listener };
  });
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    stopListening: () => {
      for (const { name, listener } of listeners) process.off(name, listener);
    },
  };
}
