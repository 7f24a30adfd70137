/** Served apart, so that the page needs no inline styles. */
export const LOGIN_STYLE = `body { font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 100vh; margin: 0; background: #151a21; color: #e6e9ee; }
form { display: grid; gap: .75rem; width: min(20rem, 90vw); }
input, button { font: inherit; padding: .5rem .75rem; border-radius: .375rem; border: 1px solid #3a4453; background: #1d2430; color: inherit; }
label { display: grid; gap: .25rem; }
small { color: #9aa5b5; }
button { background: #3b82f6; border-color: #3b82f6; cursor: pointer; }
p { margin: 0; color: #fca5a5; }
`;

/** The operators' login form. `message` is one of our own error texts; nothing a visitor typed comes back. */
export const loginPage = (message: string | null): string => `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Learnify operations</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/ops/login.css">
</head>
<body>
  <form method="post" action="/ops/login">
    <h1>Learnify operations</h1>
    ${message === null ? '' : `<p role="alert">${message}</p>`}
    <label>Email <input name="email" type="email" autocomplete="username" required autofocus></label>
    <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
    <label>Code <input name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" maxlength="40">
      <small>of your authenticator app, or a recovery code; empty if you have neither</small></label>
    <button>Log in</button>
  </form>
</body>
</html>
`;
