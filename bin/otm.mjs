#!/usr/bin/env node
// The command. In a checkout it installs and builds what is missing or older than the sources; in the package it runs
// what was built. Written so that an old Node can read it and be told: no optional chaining, nothing imported before the
// version is known.
const required = [20, 19];
const found = process.versions.node.split('.').map(Number);

if (found[0] < required[0] || (found[0] === required[0] && found[1] < required[1])) {
  const versions = `otm needs Node ${required.join('.')} or newer, and this is Node ${process.versions.node}`;
  console.error(`${versions}: install a newer one from https://nodejs.org`);
  process.exitCode = 2;
} else {
  start().catch(error => {
    const told = error && error.told;
    console.error(told ? `otm: ${error.message}` : error);
    process.exitCode = told ? 2 : 3;
  });
}

async function start() {
  const { existsSync } = await import('node:fs');
  const { fileURLToPath } = await import('node:url');
  // The sources are only in a checkout.
  if (existsSync(fileURLToPath(new URL('../cli/main.ts', import.meta.url)))) {
    const { prepare } = await import('../tools/prepare.mjs');
    await prepare(line => console.error(line));
  }
  const { main } = await import('../dist/otm.js');
  await main(process.argv);
}
