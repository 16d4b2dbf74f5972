namespace Shop.Ordering;

/// <summary>What a customer sends.</summary>
/// <param name="Customer">Who orders.</param>
/// <param name="Article">What.</param>
/// <param name="Quantity">How many.</param>
/// <param name="RequestId">Made with the form, so that a form that is sent twice is one order.</param>
internal sealed record OrderForm(string Customer, string Article, int Quantity, Guid RequestId)
{
    /// <summary>Says what is wrong with it, or null when nothing is.</summary>
    public string? Problem() => this switch
    {
        { Customer: null or "" } => "Who is the customer?",
        { Customer.Length: > 60 } => "A name has at most 60 characters.",
        _ when Customer.Any(char.IsControl) => "A name has no control characters.",
        { Quantity: < 1 or > 1000 } => "Order between 1 and 1,000.",
        _ => Catalogue.Articles.Find(Article ?? "") is null ? "There is no such article." : null,
    };
}
