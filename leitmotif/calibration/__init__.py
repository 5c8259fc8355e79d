"""Learning anyone's eye: from a table of ratings to a file of profile weights.

ratings.py     the table: windows of clips and what people said of them
fit.py         monotone curves over the closed form
summary.py     a Gaussian process over what a window is on the whole
train.py       the Transformer's residual (Lightning)
crossval.py    held-out answers of the four models, by clip
measures.py    R², r, CCC and the paired bootstrap over clips
calibrate.py   the whole path, and which model each field keeps
soundtrack.py  ratings that scored videos give themselves
"""
