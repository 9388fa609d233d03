"""What scikit-learn's Ridge says of the series in `forecast/panel/drivers.rs`: lag 1 and two columns, recursive.

scikit-learn 1.9.1. Prints the three values that the test needs.
"""

import numpy as np
from sklearn.linear_model import Ridge

y = np.array([10.0 + t * 7 % 5 + 0.3 * t for t in range(20)])
x = np.array([[t * 3 % 7, t * t % 11] for t in range(23)], dtype=float)
model = Ridge(alpha=0.5).fit(np.column_stack([y[:-1], x[1:20]]), y[1:])
values = list(y)
for t in range(20, 23):
    values.append(model.predict([[values[t - 1], *x[t]]])[0])
print([repr(float(value)) for value in values[20:]])
