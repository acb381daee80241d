//! Least squares by orthogonal columns.

/// A column of which less than this part is left, once the columns before it are taken out, says
/// nothing new. Source: MODEL.md, "Look back".
const COLLINEARITY_LIMIT: f64 = 1e-9;

/// The coefficients of the columns that come closest to `y`, in their order. A column that the
/// ones before it already make up has none.
///
/// Modified Gram-Schmidt, each column cleared twice: stable for the few columns of these studies.
#[must_use]
pub(crate) fn solve_least_squares(columns: &[Vec<f64>], y: &[f64]) -> Vec<Option<f64>> {
    // Of each column that is kept: its number, its direction, and the rows of the triangle.
    let mut kept: Vec<(usize, Vec<f64>)> = Vec::new();
    let mut triangle: Vec<Vec<f64>> = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let mut rest = column.clone();
        let mut parts = vec![0.0; kept.len()];
        // Once leaves rounding errors along the other columns; the second time takes them out.
        for _ in 0..2 {
            for (part, (_, direction)) in parts.iter_mut().zip(&kept) {
                let along = dot_product(direction, &rest);
                *part += along;
                subtract_multiple(&mut rest, direction, along);
            }
        }
        let (left, whole) = (dot_product(&rest, &rest).sqrt(), dot_product(column, column).sqrt());
        // Against its own length: large numbers leave more behind by rounding alone.
        if left > COLLINEARITY_LIMIT * whole {
            for value in &mut rest {
                *value /= left;
            }
            parts.push(left);
            kept.push((at, rest));
            triangle.push(parts);
        }
    }
    let mut rest = y.to_vec();
    // How far `y` goes along each direction; what is left in the end is the error.
    let mut along: Vec<f64> = Vec::new();
    for (_, direction) in &kept {
        let part = dot_product(direction, &rest);
        subtract_multiple(&mut rest, direction, part);
        along.push(part);
    }
    let mut solved = vec![0.0; kept.len()];
    // The triangle is solved from its last row, which has one unknown, upwards.
    for row in (0..kept.len()).rev() {
        let later: f64 = (row + 1..kept.len()).map(|k| triangle[k][row] * solved[k]).sum();
        solved[row] = (along[row] - later) / triangle[row][row];
    }
    let mut coefficients = vec![None; columns.len()];
    for ((at, _), value) in kept.iter().zip(solved) {
        coefficients[*at] = Some(value);
    }
    coefficients
}

fn dot_product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn subtract_multiple(from: &mut [f64], direction: &[f64], part: f64) {
    from.iter_mut().zip(direction).for_each(|(value, along)| *value -= part * along);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: &[&[f64]], y: &[f64], expect: &[Option<f64>]) {
        let columns: Vec<Vec<f64>> = columns.iter().map(|column| column.to_vec()).collect();
        let met = solve_least_squares(&columns, y);
        assert_eq!(met.len(), expect.len());
        for (met, expect) in met.iter().zip(expect) {
            let close = match (met, expect) {
                (Some(met), Some(expect)) => (met - expect).abs() < 1e-9,
                (met, expect) => met == expect,
            };
            assert!(close, "{met:?}, not {expect:?}");
        }
    }

    #[test]
    fn lines_are_found() {
        // y = 1 + 2x through (0, 1), (1, 3), (2, 5).
        let ones: &[f64] = &[1.0; 3];
        check(&[ones, &[0.0, 1.0, 2.0]], &[1.0, 3.0, 5.0], &[Some(1.0), Some(2.0)]);
        // Through (0, 0), (1, 1), (2, 5): mean 2, slope (0*-1 + ... ) = 5/2, intercept -1/2.
        check(&[ones, &[0.0, 1.0, 2.0]], &[0.0, 1.0, 5.0], &[Some(-0.5), Some(2.5)]);
    }

    #[test]
    fn what_says_nothing_new_is_left_out() {
        let ones: &[f64] = &[1.0; 3];
        let x: &[f64] = &[0.0, 1.0, 2.0];
        let same: &[f64] = &[3.0, 5.0, 7.0];
        check(&[ones, x, same], &[1.0, 3.0, 5.0], &[Some(1.0), Some(2.0), None]);
        check(&[ones, &[0.0; 3]], &[2.0, 3.0, 4.0], &[Some(3.0), None]);
        check(&[], &[1.0], &[]);
    }

    #[test]
    fn sides_and_sizes_are_told_apart() {
        // y = 2 before, 1 after, plus the size: by hand, without an error to share out.
        let before: &[f64] = &[1.0, 1.0, 0.0, 0.0];
        let after: &[f64] = &[0.0, 0.0, 1.0, 1.0];
        let size: &[f64] = &[3.0, 5.0, 1.0, 2.0];
        let y = [5.0, 7.0, 2.0, 3.0];
        check(&[before, after, size], &y, &[Some(2.0), Some(1.0), Some(1.0)]);
    }
}
