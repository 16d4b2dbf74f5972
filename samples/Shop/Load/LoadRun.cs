using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Shop.Catalogue;
using Shop.Ordering;

namespace Shop.Load;

/// <summary>Places orders at an even rate, as many customers at once would: through the desk, so that all its rules hold.</summary>
internal sealed class LoadRun(OrderDesk desk, LoadSettings settings)
{
    private const int Customers = 50;
    private const int MostAtOnce = 48;
    private static readonly TimeSpan _tick = TimeSpan.FromMilliseconds(10);

    private long _orders;
    private long _payments;
    private long _refused;

    public async Task<LoadResult> RunAsync(CancellationToken cancellationToken)
    {
        await FillAsync(cancellationToken);
        var watch = Stopwatch.StartNew();
        await Parallel.ForEachAsync(
            PaceAsync(watch, cancellationToken), new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellationToken }, OrderAsync);
        return new LoadResult(_orders, _payments, _orders * Articles.LoadPrice, _refused, desk.Conflicts, Math.Round(watch.Elapsed.TotalSeconds, 3));
    }

    private static string ArticleOf(long number) => string.Create(CultureInfo.InvariantCulture, $"{Articles.LoadPrefix}{number % Articles.LoadArticles:00}");

    // Enough of everything: what is measured is selling, not being sold out.
    private async Task FillAsync(CancellationToken cancellationToken)
    {
        var each = Math.Clamp(settings.Rate * settings.Seconds / Articles.LoadArticles + 1, 1, 1_000_000);
        for (var article = 0; article < Articles.LoadArticles; article++)
            await desk.RestockAsync(ArticleOf(article), each, cancellationToken);
    }

    /// <summary>Numbers of orders, each when it is due; behind time, at once.</summary>
    private async IAsyncEnumerable<long> PaceAsync(Stopwatch watch, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_tick);
        var total = (long)settings.Rate * settings.Seconds;
        for (var number = 0L; number < total;)
        {
            for (var due = Math.Min(total, (long)(watch.Elapsed.TotalSeconds * settings.Rate) + 1); number < due; number++)
                yield return number;
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private async ValueTask OrderAsync(long number, CancellationToken cancellationToken)
    {
        var customer = string.Create(CultureInfo.InvariantCulture, $"customer {number % Customers:00}");
        if (await desk.PlaceAsync(new OrderForm(customer, ArticleOf(number), 1, Guid.CreateVersion7()), cancellationToken) is not Decision.Accepted accepted)
        {
            Interlocked.Increment(ref _refused);
            return;
        }

        Interlocked.Increment(ref _orders);
        if (number % 2 == 0 && await desk.PayAsync(accepted.OrderId, cancellationToken) is Decision.Accepted)
            Interlocked.Increment(ref _payments);
    }
}
