using System.Globalization;

namespace Shop.Pages;

/// <summary>Amounts as the pages show them.</summary>
internal static class Money
{
    public static string Of(decimal amount) => string.Create(CultureInfo.InvariantCulture, $"€ {amount:N2}");
}
