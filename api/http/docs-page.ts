import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Router, type RequestHandler } from 'express';
// Not from the package itself: that would run the whole user interface here.
import absolutePath from 'swagger-ui-dist/absolute-path.js';

const PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Learnify API</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="/docs/assets/swagger-ui-bundle.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null });\n`;

/** Of the package's files those that the page asks for. It has others, with source maps of megabytes among them. */
const ASSETS = { 'swagger-ui.css': 'text/css', 'swagger-ui-bundle.js': 'text/javascript' } as const;

/** The API's description as a browsable page. All of it is served from here, so the strict content security policy holds. */
export function createDocsPage(openApi: unknown): Router {
  const router = Router();
  const document = Buffer.from(JSON.stringify(openApi));
  router.get('/openapi.json', sendPacked('application/json', 60, document));
  router.get('/docs', (_request, response) => {
    response.type('html').send(PAGE);
  });
  router.get('/docs/start.js', (_request, response) => {
    response.type('text/javascript').send(START);
  });
  for (const [name, type] of Object.entries(ASSETS)) {
    router.get(`/docs/assets/${name}`, sendPacked(type, DAY_SECONDS, readFileSync(join(absolutePath(), name))));
  }
  return router;
}

const DAY_SECONDS = 86_400;
const pack = promisify(gzip);

/**
 * Answers with the same content at every request. It is packed and hashed once: to do so for every request would be a cheap way to keep us
 * busy. At the first one, since most processes are never asked.
 */
function sendPacked(type: string, maxAgeSeconds: number, content: Buffer): RequestHandler {
  let packing: Promise<{ packed: Buffer; etag: string }> | undefined;
  const prepare = async (): Promise<{ packed: Buffer; etag: string }> => ({
    packed: await pack(content),
    etag: `W/"${createHash('sha256').update(content).digest('base64url')}"`,
  });
  return async (request, response) => {
    packing ??= prepare();
    const { packed, etag } = await packing;
    response.setHeader('Cache-Control', `public, max-age=${maxAgeSeconds}, no-transform`);
    response.setHeader('ETag', etag);
    response.vary('Accept-Encoding');
    response.type(type);
    if (request.acceptsEncodings('gzip') === false) response.send(content);
    else response.setHeader('Content-Encoding', 'gzip').send(packed);
  };
}
