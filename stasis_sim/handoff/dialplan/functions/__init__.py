r"""Functions of the dialplan: ${CALLERID(num)}, ${CUT(list,\,,2)} and their like."""
