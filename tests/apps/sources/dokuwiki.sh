#!/usr/bin/env bash
# dokuwiki.sh DIRECTORY BASE: a DokuWiki without logins at DIRECTORY/root and this base path, from
# Debian's package.
set -euo pipefail
root=$1/root
mkdir -p "$root$2"
cp -rL --no-preserve=mode /usr/share/dokuwiki/. "$root$2/" 2>/dev/null || true
cd "$root$2"
# Debian's own paths, which belong to its one wiki.
rm -rf inc/preload.php conf data
cp -rL --no-preserve=mode /etc/dokuwiki conf
rm -f conf/local.php conf/acl.auth.php conf/preload.php
for name in attic cache index locks log media media_attic media_meta meta pages tmp; do
    mkdir -p "data/$name"
done
# In PHP's own server, index.php expects a wiki at the root. Elsewhere, it redirects.
echo "<?php header('Location: doku.php');" >index.php
cat >conf/local.php <<PHP
<?php
\$conf['title'] = 'Trial wiki';
\$conf['useacl'] = 0;
\$conf['savedir'] = './data';
\$conf['updatecheck'] = 0;
${2:+\$conf['basedir'] = '$2/';}
PHP
