//! `chipcast ingest fred|twse|statcounter|epoch|table`: the sources of the GPU market.
