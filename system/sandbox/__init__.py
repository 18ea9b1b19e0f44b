"""Everything the default run needs and production does not: embedded servers, the Wassenger double, the whole stack."""
