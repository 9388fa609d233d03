# What the compiled module offers. Sections: panel and frames; archive; forecast; scaling; report.
