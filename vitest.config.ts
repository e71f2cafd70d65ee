import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'threads',
    maxWorkers: 2,
    // Tests start programs and simulate whole servers: no test measures time, so the limit only ends what hangs.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
