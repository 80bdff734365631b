"""Arrays in, arrays out: normalisation, slope from ring light, relief, symmetry, crops, mosaics."""
