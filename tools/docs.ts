/** `npm run docs`: writes the documents that are made from code. */
import { writeFileSync } from 'node:fs';
import { documents } from './documents.ts';

for (const [path, text] of documents()) {
  writeFileSync(path, text);
  console.log(path);
}
