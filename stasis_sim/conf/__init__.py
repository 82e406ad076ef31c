"""Asterisk's own files as typed settings: http.conf, ari.conf, extensions.conf, and the grammar they share.

Each loader takes a :class:`~stasis_sim.conf.syntax.Source` and returns settings (types of ``stasis_sim.handoff``)
together with :class:`~stasis_sim.conf.syntax.Diagnostic` objects: what Asterisk would have logged, and what it does
with such a line. A file that Asterisk refuses never raises here; it yields the settings that Asterisk ends up with.
"""
