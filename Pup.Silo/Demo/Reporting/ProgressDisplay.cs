using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Pup.Silo.Demo.Reporting;

/// <summary>Says on standard error what is going on: a bar on a terminal, otherwise a plain line now and then.</summary>
internal sealed class ProgressDisplay
{
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(2);
    private readonly IAnsiConsole? _terminal;

    private ProgressDisplay(IAnsiConsole? terminal) => _terminal = terminal;

    public static ProgressDisplay ForThisConsole() => new(
        Console.IsErrorRedirected ? null : AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }));

    public static void Tell(string line) => Console.Error.WriteLine(line);

    /// <summary>Runs the work, which reports how much of it is done (0 to 1) and a few words.</summary>
    public Task<T> ShowAsync<T>(string title, Func<Action<double, string>, Task<T>> work) =>
        _terminal is null ? ShowLinesAsync(title, work) : ShowBarAsync(_terminal, title, work);

    private static async Task<T> ShowBarAsync<T>(IAnsiConsole terminal, string title, Func<Action<double, string>, Task<T>> work) =>
        await terminal.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(Markup.Escape(title), maxValue: 1);
                var result = await work((done, words) =>
                {
                    task.Value = done;
                    task.Description = $"{Markup.Escape(title)} ({Markup.Escape(words)})";
                });
                task.Value = 1;
                return result;
            });

    private static async Task<T> ShowLinesAsync<T>(string title, Func<Action<double, string>, Task<T>> work)
    {
        Tell(title + " …");
        var watch = Stopwatch.StartNew();
        return await work((done, words) =>
        {
            if (watch.Elapsed < LineInterval)
                return;
            watch.Restart();
            Tell(string.Create(CultureInfo.InvariantCulture, $"{title}: {done:P0}, {words}"));
        });
    }
}
