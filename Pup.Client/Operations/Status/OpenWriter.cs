using System.Globalization;

namespace Pup.Client.Operations.Status;

/// <summary>A transaction that may still write into the log.</summary>
/// <param name="Pid">Its session; null for a prepared transaction.</param>
/// <param name="Application">The application's name, where there is one.</param>
/// <param name="PreparedAs">The name it was prepared under, where that is to be seen.</param>
/// <param name="Age">How long it has been open; null where that is not to be seen.</param>
internal sealed record OpenWriter(int? Pid, string? Application, string? PreparedAs, TimeSpan? Age)
{
    public override string ToString()
    {
        var who = Pid is { } pid
            ? string.Create(CultureInfo.InvariantCulture, $"pid {pid}") + (string.IsNullOrEmpty(Application) ? "" : $" ({Application})")
            : PreparedAs is null ? "a prepared transaction" : $"prepared transaction '{PreparedAs}'";
        return Age is { } age ? string.Create(CultureInfo.InvariantCulture, $"{who}, open for {age.TotalSeconds:0} s") : who;
    }
}
