"""Programs of this machine, as far as DJACTION_PROGRAMS names them."""
