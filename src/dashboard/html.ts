import { PAGE_SCRIPT, PAGE_STYLE } from './page.generated.ts'
import { respond } from './responses.ts'

/** Returns the page. It asks no other host for anything, and runs nothing but its own script. */
export function page(): Response {
  const nonce = nonceOf()
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    `connect-src 'self'`,
    `img-src data:`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ')
  return respond(htmlOf(nonce), 'text/html; charset=utf-8', 200, { 'content-security-policy': policy })
}

function htmlOf(nonce: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Cachette</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${PAGE_STYLE}</style>
<body>
<div id="root"><noscript>The dashboard needs its script. The figures alone are at ./figures.</noscript></div>
<script type="module" nonce="${nonce}">${PAGE_SCRIPT}</script>
</body>
</html>
`
}

function nonceOf(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return btoa(String.fromCharCode(...bytes))
}
