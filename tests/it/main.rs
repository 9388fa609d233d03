mod scaling;
