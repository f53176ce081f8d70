"""Variables of the environment by which a program that is permitted would load code that is not.

A definition may come from whoever may store one; which code runs, the settings say. The list has what the system's
loader reads, and common interpreters and tools; no list can know all programs.
"""

from __future__ import annotations

PREFIXES = (
    *("LD_", "DYLD_", "_RLD", "BASH_", "PYTHON", "PERL", "RUBY", "GEM_", "BUNDLE_", "NODE_", "LUA_", "R_", "GUILE_"),
    *("COR_", "CORECLR_", "DOTNET_", "GIT_"),
)
NAMES = frozenset(
    {
        *("GLIBC_TUNABLES", "GCONV_PATH", "LOCPATH", "NLSPATH", "SHLIB_PATH", "LIBPATH"),
        *("ENV", "SHELLOPTS", "BASHOPTS", "PS4", "IFS", "CDPATH", "FPATH", "ZDOTDIR", "PROMPT_COMMAND"),
        *("CLASSPATH", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "PHPRC", "PHP_INI_SCAN_DIR"),
        *("TCLLIBPATH", "AWKPATH", "AWKLIBPATH", "VIMINIT", "EXINIT", "EMACSLOADPATH"),
        *("GCC_EXEC_PREFIX", "COMPILER_PATH", "MAKEFLAGS", "GNUMAKEFLAGS", "MAKEFILES", "TAR_OPTIONS"),
        *("OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "GTK_MODULES", "GTK_PATH", "GIO_EXTRA_MODULES"),
        *("GIO_MODULE_DIR", "QT_PLUGIN_PATH", "GST_PLUGIN_PATH", "MAGICK_CONFIGURE_PATH"),
        *("SHELL", "PAGER", "MANPAGER", "EDITOR", "VISUAL", "BROWSER", "LESSOPEN", "LESSCLOSE"),
        *("RSYNC_RSH", "SSH_ASKPASS"),
    }
)
HARMLESS = frozenset(
    {"PYTHONUNBUFFERED", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "NODE_ENV"}
)
"""Of those prefixes, what only says how."""


def loads_code(name: str) -> bool:
    """Whether the system's loader, a shell or another interpreter takes code, or the way to it, from this variable."""
    return name not in HARMLESS and (name in NAMES or name.startswith(PREFIXES))
