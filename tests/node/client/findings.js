// Prints what Zod finds in each line of a file of findings, as code and path.
import { readFileSync } from 'node:fs';
import { bodies } from '../node_modules/.evenstar-samples/schemas.js';

const lines = readFileSync(process.argv[2], 'utf8').trim().split('\n');
const found = lines.map((line) => {
  const [struct, body] = JSON.parse(line);
  const { error } = bodies[struct].safeParse(JSON.parse(body));
  return (error?.issues ?? []).map(({ code, path }) => [code, path]);
});
process.stdout.write(JSON.stringify(found));
