import { gzipSync } from 'node:zlib';
import { Router, static as serveStatic } from 'express';
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

/** The API's description as a browsable page. All of it is served from here, so the strict content security policy holds. */
export function createDocsPage(openApi: unknown): Router {
  const router = Router();
  const document = Buffer.from(JSON.stringify(openApi));
  // Packed once: packing so much for every request would be a cheap way to keep us busy.
  const packed = gzipSync(document);
  router.get('/openapi.json', (request, response) => {
    response.setHeader('Cache-Control', 'public, max-age=60, no-transform');
    response.vary('Accept-Encoding');
    response.type('application/json');
    if (request.acceptsEncodings('gzip') === false) response.send(document);
    else response.setHeader('Content-Encoding', 'gzip').send(packed);
  });
  router.get('/docs', (_request, response) => {
    response.type('html').send(PAGE);
  });
  router.get('/docs/start.js', (_request, response) => {
    response.type('text/javascript').send(START);
  });
  router.use('/docs/assets', serveStatic(absolutePath(), { index: false, immutable: true, maxAge: '1d' }));
  return router;
}
