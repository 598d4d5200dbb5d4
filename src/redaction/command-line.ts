/** Between the name of a command and an option. */
const before = '(?: [^\\n]{0,512})? '

/** Passwords that commands take under an option of one letter; those under their own name (`--password x`) are found by it. */
export const commandLine = new RegExp(
  [
    `curl${before}(?:-u ?|-U |--(?:proxy-)?user[ =])["']?[^\\s:"'=]{1,128}:)[^\\s"']{1,512}`,
    `curl${before}(?:-b|--cookie) ["'])[^"'\\n]{1,2048}`,
    `sshpass {1,3}-p ?["']?)[^\\s"']{1,256}`,
    `(?:mysql|mariadb)[\\w-]{0,16}${before}-p["']?)[^\\s"']{1,256}`,
    `redis-cli${before}-a ["']?)[^\\s"']{1,256}`,
    `(?:docker|podman) login${before}-p ["']?)[^\\s"']{1,256}`,
  ]
    .map((one) => `(?<=\\b${one}`)
    .join('|'),
  'g',
)
