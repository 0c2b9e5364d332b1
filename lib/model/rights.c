#include "lib/model/rights.h"

#include "lib/base/auto.h"

const struct rights rights_table[] = {
	{
		.program = "rootyard-build",
		.folder = "builder/",
		.needed = "libyaml-0 libarchive libzstd liblzma libjansson libgpgme "
			  "libcrypto",
		.execs = "mmdebstrap apt-get dnf yum sh gpgv sqfs2tar rootyard-fetch "
			 "rootyard-image rootyard",
		.may_be_root = true, /* bootstraps and chroots */
		.network = false,    /* rootyard-fetch has it */
		.secret_key = false,
	},
	{
		.program = "rootyard-fetch",
		.folder = "builder/fetch/",
		.needed = "libcurl libjansson", /* a registry's token is JSON */
		.execs = "",
		.may_be_root = false,
		.network = true,
		.secret_key = false,
	},
	{
		.program = "rootyard-index",
		.folder = "indexer/",
		.needed = "libarchive libzstd liblzma libgpgme libsqlite3 libjansson "
			  "libyaml-0 libcrypto libdivsufsort",
		/* through gpgme; and a squashfs that is imported, confined to reading it */
		.execs = "gpg gpgconf gpg-agent sqfs2tar",
		.may_be_root = false,
		.network = false,
		.secret_key = true,
	},
	{
		.program = "rootyard-httpd",
		.folder = "httpd/",
		.needed = "libmicrohttpd libgnutls",
		.execs = "",
		.may_be_root = true, /* to open a low port; given up before serving, but
					by the keeper of its files, which opens those */
		.network = true,
		.secret_key = false,
	},
	{
		.program = "rootyard",
		.folder = "client/run/",
		.needed = "",
		.execs =
			/* sh and init are the image's own */
		"rootyard-image newuidmap newgidmap getent getsubids sh init pasta "
		"slirp4netns",
		.may_be_root = true, /* as the user it is, with no more than a user has */
		.network = false,
		.secret_key = false,
	},
	{
		.program = "rootyard-image",
		.folder = "client/image/",
		.needed = "libcurl libgpgme libarchive libzstd liblzma libjansson "
			  "libyaml-0 libcrypto",
		.execs = "newuidmap newgidmap getent getsubids",
		.may_be_root = true,
		.network = true,
		.secret_key = false,
	},
};
const size_t rights_count = ARRAY_COUNT(rights_table);
