// Writes src/generated from openapi.json, both in the working directory.
import { createClient } from '@hey-api/openapi-ts';

await createClient({
  input: './openapi.json',
  logs: { file: false, level: 'silent' },
  output: { entryFile: false, module: { extension: '.js' }, path: './src/generated' },
  plugins: ['@hey-api/typescript', '@hey-api/sdk', { name: '@hey-api/client-fetch', throwOnError: true }],
});
